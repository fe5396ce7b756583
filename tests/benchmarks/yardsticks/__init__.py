"""What the project is held against: small programs, each as fast as it can honestly be made."""
