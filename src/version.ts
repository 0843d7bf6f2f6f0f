/** This program and its version, as package.json has it; a test sees that they are the same. */
export const PROGRAM = 'tokentrim 0.1.0';
