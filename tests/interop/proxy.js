// SPDX-License-Identifier: BSD-3-Clause
// usage: node proxy.js HOST PORT
// Serves over UDP, with npm's coap, what it asks of the agent there. Prints its port.
"use strict";
const coap = require("coap");

const [host, port] = process.argv.slice(2);

// Its server knows the next block of an answer by the request's token only, and our client takes a
// new token for each, which RFC 7959 allows: so answers are kept here, too.
const kept = new Map();

function answerWith(response, answer) {
    response.code = answer.code;
    response.setOption("Content-Format", Buffer.from([63])); // application/cbor-seq
    response.end(answer.payload);
}

function forward(request, response) {
    const key = request.payload.toString("hex");

    if (kept.has(key)) {
        answerWith(response, kept.get(key));
        return;
    }
    const ask = coap.request({
        method: request.method, host, port: Number(port), pathname: request.url,
    });

    ask.setOption("Content-Format", "application/cbor");
    ask.on("response", (answer) => {
        kept.set(key, answer);
        answerWith(response, answer);
    });
    ask.on("error", () => {
        response.code = "5.02";
        response.end();
    });
    ask.end(request.payload);
}

const server = coap.createServer(forward);

server.listen(0, "127.0.0.1", () => console.log(server._sock.address().port));
