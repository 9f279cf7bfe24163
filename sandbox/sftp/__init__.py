"""Transfer's SFTP door: SSH on the outside, S3 with the user's own role on the inside."""
