// Starts dynalite, and mends two things in it.
//
// It gets the order of strings wrong in one place: DynamoDB compares them by their bytes of UTF-8, and the conditions of
// dynalite compare them by UTF-16. Binary values it compares by their bytes, so strings become such.
//
// And it ends when a client does in the middle of a request.
'use strict'

const db = require('dynalite/db')

const compare = db.compare
const ordering = new Set(['LE', '<=', 'LT', '<', 'GE', '>=', 'GT', '>', 'BETWEEN', 'between'])
const binary = (value) => typeof value?.S === 'string' ? { B: Buffer.from(value.S).toString('base64') } : value

db.compare = (operator, value, others) => {
  if (!ordering.has(operator)) return compare(operator, value, others)
  return compare(operator, binary(value), [].concat(others).map(binary))
}

process.on('uncaughtException', (error) => {
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return
  console.error(error)
  process.exit(1)
})

require('dynalite/cli')
