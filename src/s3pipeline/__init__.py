"""Release pipelines on a plain S3 bucket: files move up through ranks, nothing is overwritten.

    from s3pipeline.pipeline import S3Pipeline
    from s3pipeline.release import S3Release

Both are made to be extended. Imports point down: `command`, `pipeline` and `release`, then
`promotion`, `archiving`, `downloading` and `proof`, then `object_store`, which is the only room
with requests, then what is pure. Only `settings` reads the environment and only `command` prints.
"""
