"""Webhook events that are durable and acknowledged, but not in the book yet: taken in, then booked (ADR 29)."""
