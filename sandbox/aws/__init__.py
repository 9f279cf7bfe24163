"""The AWS that the sandbox serves: moto behind a gate that asks IAM, session, bucket and key policies."""
