"""The authorizer: holders of a token of the OIDC issuer may read the calls of one organization."""
