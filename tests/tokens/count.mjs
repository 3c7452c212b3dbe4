// SPDX-License-Identifier: MIT
// count.mjs - the tokens (o200k_base) of each text of a JSON array on the standard input, as one.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(process.argv[2]);     // the folder that has node_modules
const { countTokens } = require('gpt-tokenizer/encoding/o200k_base');
console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map((text) => countTokens(text))));
