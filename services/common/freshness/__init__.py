"""What has stopped: what everyone said of themselves in, symptoms out. For the edge, the doctor and the CLI."""
