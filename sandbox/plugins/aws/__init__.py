"""The stand-in for the `aws` package: each type by the AWS service's own calls."""
