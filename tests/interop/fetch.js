// SPDX-License-Identifier: BSD-3-Clause
// usage: node fetch.js METHOD HOST PORT PATH [REQUEST_HEX]
// One request with npm's coap, over UDP. Prints a line of JSON: code, content format, body in hex.
"use strict";
const coap = require("coap");

const [method, host, port, pathname, payload] = process.argv.slice(2);
const request = coap.request({ method, host, port: Number(port), pathname, confirmable: true });

if (payload !== undefined) {
    request.setOption("Content-Format", "application/cbor");
}
request.on("response", (response) => {
    console.log(JSON.stringify({
        code: response.code,
        format: response.headers["Content-Format"],
        body: response.payload.toString("hex"),
    }));
    process.exit(0);
});
request.on("error", (error) => {
    console.error(String(error));
    process.exit(1);
});
request.end(payload === undefined ? undefined : Buffer.from(payload, "hex"));
