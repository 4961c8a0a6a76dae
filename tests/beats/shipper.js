// SPDX-License-Identifier: Apache-2.0
// shipper.js MODULE PORT AUTHORITY COUNT WINDOW: sends COUNT lines by a client of version 1, over TLS, one window for the
// whole connection, and ends when all are acknowledged.
'use strict';
const fs = require('fs');
const [modulePath, port, authority, count, windowSize] = process.argv.slice(2);
const Socket = require(modulePath + '/lib/ClientSocket.js');
const total = Number(count);
const socket = new Socket({ windowSize: Number(windowSize), allowDrop: () => false });
socket.on('error', (error) => { console.error(String(error)); process.exit(1); });
socket.on('end', () => { console.error('the connection has ended'); process.exit(1); });
socket.on('ack', (sequence) => {
  console.log('acked', sequence);
  if (sequence === total) { socket.close(); process.exit(0); }
});
socket.on('connect', () => {
  for (let n = 0; n < total; n++) socket.writeDataFrame({ line: String(n), file: '/x' }, () => {});
});
socket.connect({ host: '127.0.0.1', servername: 'localhost', port: Number(port), ca: [fs.readFileSync(authority)] });
