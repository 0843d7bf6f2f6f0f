// Writes the JSON schemas of `generate --json` and `--progress json` into docs/, from dist/: `npm run build` before, `npm run
// format` after it.
import { writeFileSync } from 'node:fs';
import { schemaFiles } from '../dist/cli/schemaFiles.js';

for (const [name, schema] of Object.entries(schemaFiles())) {
  writeFileSync(new URL(`../docs/${name}`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
  console.log(`docs/${name}`);
}
