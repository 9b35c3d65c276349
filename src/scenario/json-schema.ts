/** The JSON Schema of scenarios, for editors. */
import { z } from 'zod';
import { scenarioSchema } from './schema.js';

/** JSON Schema (draft 2020-12) of a scenario as it is written, with descriptions. */
export function generateScenarioSchema(): object {
  const generated = z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-2020-12' });
  return {
    ...generated,
    title: 'meshmark scenario',
    description: 'Which data planes to stand up, what traffic to send through them, and what to conclude.',
  };
}
