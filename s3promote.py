#!/usr/bin/env python3
"""The command s3promote from a clone, without installing it: needs boto3, nothing else."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "src"))

from s3pipeline.command import main

if __name__ == "__main__":
    sys.exit(main())
