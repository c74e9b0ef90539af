"""What runs in the processes for Lua skills."""
