/** A text as a cell of a table (RFC 4180): in quotes where it holds a comma, a quote or a line's end. */
export const csvCell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
