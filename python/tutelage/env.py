"""Environments; from Python only their C++ interface exists so far."""
