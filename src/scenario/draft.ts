/**
 * What can be used of a scenario that has faults: every field that is right by itself, so that fields are checked
 * against each other even while one of them is wrong.
 */
import type { z } from 'zod';
import { loadSchema } from './load-schema.js';
import {
  ablationSchema,
  compareSchema,
  crossCheckSchema,
  gateSchema,
  scenarioSchema,
  slicesSchema,
  topologySchema,
  variantSchema,
} from './schema.js';
import { workloadSchema } from './workload-schema.js';

type Fields<S extends z.ZodObject> = { readonly [K in keyof z.output<S>]?: z.output<S>[K] };

/** Null in place of a section that was not written as a mapping. */
export interface Draft {
  readonly top: Fields<typeof scenarioSchema>;
  readonly topology: Fields<typeof topologySchema> | null;
  readonly workload: Fields<typeof workloadSchema>;
  readonly load: Fields<typeof loadSchema> | null;
  readonly slices: Fields<typeof slicesSchema> | null;
  readonly ablation: Fields<typeof ablationSchema> | null;
  readonly crossCheck: Fields<typeof crossCheckSchema> | null;
  readonly variants: readonly Fields<typeof variantSchema>[];
  readonly gate: readonly Fields<typeof gateSchema>[];
  readonly compare: readonly (z.output<typeof compareSchema> | null)[];
}

/** Never throws, whatever `value` is. */
export function draftOf(value: unknown): Draft {
  const raw = isRecord(value) ? value : {};
  return {
    top: usableFields(scenarioSchema, raw),
    topology: section(topologySchema, raw.topology),
    workload: usableFields(workloadSchema, isRecord(raw.workload) ? raw.workload : {}),
    load: section(loadSchema, raw.load),
    slices: section(slicesSchema, raw.slices),
    ablation: section(ablationSchema, raw.ablation),
    crossCheck: section(crossCheckSchema, raw.crossCheck),
    variants: items(raw.variants).map((item) => usableFields(variantSchema, isRecord(item) ? item : {})),
    gate: items(raw.gate).map((item) => usableFields(gateSchema, isRecord(item) ? item : {})),
    compare: items(raw.compare).map((item) => {
      const read = compareSchema.safeParse(item);
      return read.success ? read.data : null;
    }),
  };
}

function section<S extends z.ZodObject>(schema: S, raw: unknown): Fields<S> | null {
  return isRecord(raw) ? usableFields(schema, raw) : null;
}

function usableFields<S extends z.ZodObject>(schema: S, raw: Readonly<Record<string, unknown>>): Fields<S> {
  const usable: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(schema.shape)) {
    const read = (field as z.ZodType).safeParse(Object.hasOwn(raw, key) ? raw[key] : undefined);
    if (read.success && read.data !== undefined) usable[key] = read.data;
  }
  return usable as Fields<S>;
}

function items(raw: unknown): readonly unknown[] {
  return Array.isArray(raw) ? raw : [];
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
