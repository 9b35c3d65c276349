import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseRunText, runRecord, sliceRecord, windowRecord } from '../record/index.js';
import { renderHtml } from './page.js';
import { sampleWithMechanisms } from './testing/sample-mechanisms.js';

const ASSETS = { script: '', style: '' };

/** The text of the page, without its data. */
function textOf(page: string): string {
  return page
    .replace(/<script[\s\S]*?<\/script>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .replaceAll('\u00a0', ' ');
}

/** The value without any field that its schema can do without: what the first version of the record would have held. */
function withoutOptional(schema: z.ZodType, value: unknown): unknown {
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    return value === null || value === undefined
      ? value
      : withoutOptional(schema.unwrap() as z.ZodType, value);
  }
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    return value.map((element) => withoutOptional(schema.element as z.ZodType, element));
  }
  if (!(schema instanceof z.ZodObject) || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(schema.shape as Record<string, z.ZodType>)
      .filter(([key, part]) => !(part instanceof z.ZodOptional) && Object.hasOwn(value, key))
      .map(([key, part]) => [key, withoutOptional(part, Reflect.get(value, key))]),
  );
}

describe('records of earlier versions', () => {
  test('the first that was ever committed is read and shown with its own figures', () => {
    const path = new URL('../record/golden/first-run.json', import.meta.url);
    const run = parseRunText('first-run.json', readFileSync(path, 'utf8'));
    const text = textOf(renderHtml({ run, slices: [], windows: [] }, ASSETS));
    const cpu = run.analysis?.effects.find(
      ({ candidate, baseline, metric }) =>
        candidate === 'pooled-buffer' && baseline === 'plain' && metric === 'cpu.per_request',
    );
    expect(cpu?.verdict).toBe('better');
    const percent = ((1 - (cpu?.ratio ?? 0)) * 100).toFixed(1);
    expect(text).toContain(`pooled-buffer uses ${percent} % less CPU per request than plain`);
    expect(text).toContain(run.runId);
  });

  test('one with no field that was added since is read and shown', () => {
    const sample = sampleWithMechanisms();
    const bare = withoutOptional(runRecord, sample.run);
    const run = parseRunText('bare.json', JSON.stringify(bare));
    const slices = sample.slices.map((slice) => sliceRecord.parse(withoutOptional(sliceRecord, slice)));
    const windows = sample.windows.map((window) => windowRecord.parse(withoutOptional(windowRecord, window)));
    expect(run.topology).toBeUndefined();
    expect(run.analysis?.hopSplit).toBeUndefined();
    const text = textOf(renderHtml({ run, slices, windows }, ASSETS));
    expect(text).toContain('all-on uses 47.6 % less CPU per request than plain');
    expect(text).not.toContain('Where the time goes');
    expect(text).not.toMatch(/undefined|NaN/);
  });
});
