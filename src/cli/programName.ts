import { readFileSync } from 'node:fs';

const { name, version, description } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** The program's name and version, as the package has them. */
export const PROGRAM: { readonly name: string; readonly version: string } = { name, version };

export const DESCRIPTION: string = description;
