"""The engine: loads skill packages and runs their entries in pooled Lua VMs."""
