"""What ``cmqa demo`` shows: small evaluations through the real lmms-eval, each in one table. Nothing is downloaded."""
