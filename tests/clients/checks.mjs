// SPDX-License-Identifier: MIT
/*
 * checks.mjs - what a client of the tests in JavaScript is held to: prints "PASS name" or
 * "FAIL name: why" for each check, and "N passed, N failed" at the end.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { resolve } = createRequire(`${process.env.NPM_FOLDER}/package.json`);

/* A package of npm; NPM_FOLDER is where they are installed. */
export const load = (name) => import(pathToFileURL(resolve(name)));

export class Checks {
  passed = 0;
  failed = 0;

  report(name, why) {
    if (why === undefined) this.passed++;
    else this.failed++;
    console.log(why === undefined ? `PASS ${name}` : `FAIL ${name}: ${why}`);
  }

  async run(name, body) {
    try {
      this.report(name, await body());
    } catch (e) {
      this.report(name, `threw ${e?.stack ?? e}`.split('\n').slice(0, 3).join(' '));
    }
  }

  end() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    process.exitCode = this.failed === 0 ? 0 : 1;
  }
}

export const same = (got, want) =>
  got === want ? undefined : `got ${JSON.stringify(got)}, not ${JSON.stringify(want)}`;

export const sameJson = (got, want) =>
  JSON.stringify(got) === JSON.stringify(want) ? undefined : same(got, want);
