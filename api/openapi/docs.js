// Shows the document that the query names. A page cannot sign requests, so those to S3 are only described.
const administration = location.search === "?administration";
SwaggerUIBundle({
  url: administration ? "_/v1/openapi.json" : "openapi.json",
  dom_id: "#document",
  deepLinking: true,
  docExpansion: administration ? "list" : "none",
  validatorUrl: null,
  ...(administration ? {} : { supportedSubmitMethods: [] }),
});
