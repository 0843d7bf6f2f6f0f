// Adds up vitest's JSON reports: node summary.mjs <1 if a run failed> <report>...
// A file that does not load, a report that is missing and a failure that no test shows each count as one failed.
import { readFileSync } from 'node:fs';

const [aRunFailed, ...reports] = process.argv.slice(2);
let passed = 0;
let failed = 0;

for (const report of reports) {
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
    const unloaded = testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
    );
    for (const { name, message } of unloaded) console.log(`failed outside its tests: ${name}\n${message}`);
    passed += numPassedTests;
    failed += numFailedTests + unloaded.length;
  } catch (error) {
    console.log(`no report of a run: ${error.message}`);
    failed += 1;
  }
}
if (failed === 0 && aRunFailed !== '0') {
  console.log('a run ended with an error although each of its tests passed: see its output above');
  failed = 1;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
