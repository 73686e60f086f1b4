"""Container runtimes: Docker, Finch and Podman, each with its own ways."""
