"""What the end-to-end suites are made of: a server to start and kill, and clients written on the
standard library alone, so that a test sees the bytes and not a client library's opinion of them."""
