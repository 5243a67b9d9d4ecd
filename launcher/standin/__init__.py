"""Stand-in providers: small gRPC servers that take an official plugin's place where that one can't be had."""
