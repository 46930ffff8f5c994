"""The lab in containers (docker/compose.yaml): the site's files, and the cast that signs in at both nodes."""
