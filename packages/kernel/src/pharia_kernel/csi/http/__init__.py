"""Talking to endpoints over HTTP: requests, streams, retries, and what their failures mean."""
