"""Container images: built, pushed, promoted by digest and cleaned up, on ECR and any OCI registry."""
