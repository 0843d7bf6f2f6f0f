import { VIEWER_PLACE } from '../../../src/trace/fillViewer.js';

/** A page in the place of the viewer's, with what is asked of one. */
export const VIEWER = `<!doctype html>
<html><head><meta charset="utf-8" /><title>a stand-in</title><style>body{color:red}</style>
<script type="module">globalThis.ran = true;</script></head><body>${VIEWER_PLACE}</body></html>`;
