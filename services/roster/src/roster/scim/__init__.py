"""The SCIM 2.0 door (RFC 7643, 7644): identity systems push people and groups in."""
