"""The door for webhooks: size, rate, signature, form, then one durable row, then 202."""
