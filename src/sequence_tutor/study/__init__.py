"""The listening study: clip pairs, a service that asks listeners, and what the answers say."""
