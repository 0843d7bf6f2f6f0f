import * as z from 'zod';
import { eventSchema } from './eventSchema.js';
import { reportSchema } from './reportSchema.js';

/** The JSON schemas in docs/ by their files' names. */
export function schemaFiles(): Record<string, object> {
  return {
    'generate-json.schema.json': z.toJSONSchema(reportSchema),
    'generate-events.schema.json': z.toJSONSchema(eventSchema),
  };
}
