// SPDX-License-Identifier: MIT
// Runs the WinDbg script on a made-up memory: node wdps_host.js SCRIPT MEMORY.json ADDRESS. MEMORY maps addresses to
// bytes in hexadecimal.
'use strict';
const fs = require('fs');
const vm = require('vm');

class Int64 {
  constructor(value) { this.value = BigInt(value); }
  add(other) { return new Int64(this.value + BigInt(other.value ?? other)); }
  subtract(other) { return new Int64(this.value - BigInt(other.value ?? other)); }
  compareTo(other) { const that = BigInt(other.value ?? other); return this.value < that ? -1 : this.value > that ? 1 : 0; }
  toString(radix) { return radix === 16 ? '0x' + this.value.toString(16) : this.value.toString(); }
}

const memory = new Map();
for (const [address, hex] of Object.entries(JSON.parse(fs.readFileSync(process.argv[3], 'utf8')))) {
  Buffer.from(hex, 'hex').forEach((byte, index) => memory.set(BigInt(address) + BigInt(index), byte));
}
function byteAt(address) {
  const byte = memory.get(address);
  if (byte === undefined) throw new Error('unmapped ' + address.toString(16));
  return byte;
}
const host = {
  memory: {
    readMemoryValues(address, count, size) {
      let value = 0n;
      for (let i = size - 1; i >= 0; --i) value = value << 8n | BigInt(byteAt(address.value + BigInt(i)));
      return [size === 8 ? new Int64(value) : Number(value)];
    },
    readWideString(address, length) {
      let text = '';
      for (let i = 0n; i < BigInt(length); ++i) {
        text += String.fromCharCode(byteAt(address.value + 2n * i) | byteAt(address.value + 2n * i + 1n) << 8);
      }
      return text;
    },
  },
  parseInt64: text => new Int64(text),
  diagnostics: { debugLog: text => process.stdout.write(text) },
  apiVersionSupport: class { constructor(major, minor) { this.version = [major, minor]; } },
  functionAlias: class { constructor(call, name) { this.call = call; this.name = name; } },
};
const context = vm.createContext({ host });
vm.runInContext(fs.readFileSync(process.argv[2], 'utf8'), context);
const parts = vm.runInContext('initializeScript()', context);
parts.find(part => part.name === 'wdps').call(new Int64(process.argv[4]));
