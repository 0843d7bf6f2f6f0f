declare module 'virtual:method-code' {
  /** The functions of the method by `file name`: their first line in the file, and their text (web/methodCode.ts). */
  export const CODE: Readonly<Record<string, { readonly line: number; readonly text: string } | undefined>>;
  /** The address of the repository, where package.json has one. */
  export const REPOSITORY: string | undefined;
}
