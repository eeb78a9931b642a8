// Starts @vercel/cosmosdb-server over plain HTTP on 127.0.0.1, for the Go client of Azure Cosmos DB:
//
//   node cosmos.js PORT
//
// The package has gaps that this client falls into. They are closed here, in the running program, by handlers of our own in
// the place of the package's: its files stay as they are. What these handlers do is what we know of the service, and no
// proof of what the service does.
//
//   - a read of an item that is not there answers 404
//   - a query sees the partition that its header names, and answers with at most 4 MB
//   - a batch works in the partition that its header names, and is made wholly or not at all
//   - a database or container that is not there is told from an item that is not there, by the sub-status 1003
//   - a request of more than 2 MB is refused
"use strict";

const server = "@vercel/cosmosdb-server/lib/";
const readJSON = require(server + "json").default;
const operations = require(server + "handler/_document-operations");

const maxRequest = 2 << 20;
const maxPage = 4 << 20;
const maxOperations = 100;

const refuse = (res, status, code, message) => {
  res.statusCode = status;
  return { code, message };
};

// partitionOf returns the partition key that a request names, and undefined for none.
const partitionOf = (req) => JSON.parse(req.headers["x-ms-documentdb-partitionkey"] || "[]")[0];

const read = async (collection, req, res, { docId }) => {
  const item = collection.document(docId, partitionOf(req)).read();
  return item || refuse(res, 404, "NotFound", "there is no such item");
};

const query = async (collection, req, res) => {
  const { query: sql, parameters } = await readJSON(req);
  const partition = partitionOf(req);
  const items = [...collection.documents._data.values()]
    .map((item) => item.read())
    .filter((item) => partition === undefined || collection.documents._getPartition(item) === partition);
  const asked = Number(req.headers["x-ms-max-item-count"] || 100);
  const last = req.headers["x-ms-continuation"];
  const page = (maxItemCount) =>
    collection.documents._getQuery(sql).exec(items, { parameters, maxItemCount, continuation: last && JSON.parse(last) });
  const size = (result) => Buffer.byteLength(JSON.stringify(result));

  let count = asked > 0 ? asked : items.length || 1;
  let answer = page(count);
  while (count > 1 && size(answer.result) > maxPage) {
    count = Math.ceil(count / 2);
    answer = page(count);
  }
  if (answer.continuation) res.setHeader("x-ms-continuation", JSON.stringify(answer.continuation));
  return { Documents: answer.result, _count: answer.result.length };
};

const batch = async (collection, req, res) => {
  const asked = await readJSON(req);
  if (asked.length > maxOperations) return refuse(res, 400, "BadRequest", "the batch has too many operations");
  const { documents } = collection;
  const before = [new Map(documents._data), new Map(documents._index)];
  const partitionKey = req.headers["x-ms-documentdb-partitionkey"];
  const make = ({ operationType, ...input }) => {
    const item = input.resourceBody;
    if (item && documents._getPartition(item) !== partitionOf(req)) return { statusCode: 400 };
    return operations[operationType.toLowerCase() + "Operation"](collection, { ...input, partitionKey });
  };

  const results = [];
  for (const operation of asked) {
    results.push(make(operation));
    if (results.at(-1).statusCode >= 400) {
      [documents._data, documents._index] = before;
      res.statusCode = 207;
      return asked.map((_, i) => ({ statusCode: i === results.length - 1 ? results[i].statusCode : 424 }));
    }
  }
  return results.map(({ statusCode, body }) => ({ statusCode, eTag: body && body._etag }));
};

// replace puts a handler of items in the place of the package's: make, or the package's own if there is none.
const replace = (name, make) => {
  const handler = require(server + "handler/" + name);
  const own = handler.default;
  handler.default = async (account, req, res, names) => {
    if (Number(req.headers["content-length"] || 0) > maxRequest) {
      return refuse(res, 413, "RequestEntityTooLarge", "the request is too large");
    }
    const collection = account.database(names.dbId).collection(names.collId);
    if (!collection.read()) {
      res.setHeader("x-ms-substatus", "1003");
      return refuse(res, 404, "NotFound", "there is no such container");
    }
    return make ? make(collection, req, res, names) : own(account, req, res, names);
  };
};

replace("read-document", read);
replace("query-documents", query);
replace("batch-documents", batch);
["create", "upsert", "replace", "delete"].forEach((name) => replace(name + "-document"));

// Only now, since the server takes its handlers when it is loaded.
const http = require(server + "index").createHttpServer({ keepAlive: true });
http.keepAliveTimeout = 0; // never: to cut idle connections is for tests
http.listen(Number(process.argv[2]), "127.0.0.1");
