import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** Label names and every value each may take: never a room, user or server, or the series would grow without bound. */
export type LabelLists = Readonly<Record<string, readonly string[]>>

/** One value per label. */
export type LabelValues<L extends LabelLists> = { readonly [K in keyof L]: L[K][number] }

/** What a metric is called and says. Counters end in `_total`; units are seconds and bytes. */
export interface InstrumentOptions<L extends LabelLists> {
  readonly name: string
  readonly help: string
  readonly labels?: L
}

/** Without labels none are given; with labels, all. */
type LabelArgument<L extends LabelLists> = string extends keyof L ? [] : [labels: LabelValues<L>]

/** Only ever grows. */
export interface CounterInstrument<L extends LabelLists> {
  /** Adds one. */
  increment(...labels: LabelArgument<L>): void
  /** Adds `amount`, at least 0. */
  add(amount: number, ...labels: LabelArgument<L>): void
}

/** Goes up and down. */
export interface GaugeInstrument<L extends LabelLists> {
  set(value: number, ...labels: LabelArgument<L>): void
  /** Adds `amount`, which may be negative. */
  add(amount: number, ...labels: LabelArgument<L>): void
}

/** Counts values by size. */
export interface HistogramInstrument<L extends LabelLists> {
  observe(value: number, ...labels: LabelArgument<L>): void
}

/** A counter whose series all exist from the start, so that rates of rare outcomes are 0 rather than absent. */
export function counter<const L extends LabelLists = Record<string, never>>(
  registry: Registry,
  { name, help, labels }: InstrumentOptions<L>,
): CounterInstrument<L> {
  const instrument = new Counter({ name, help, labelNames: Object.keys(labels ?? {}), registers: [registry] })
  for (const values of combinations(labels ?? {})) instrument.inc(values, 0)
  return {
    increment: (...[values]) => instrument.inc(values ?? {}),
    add: (amount, ...[values]) => instrument.inc(values ?? {}, amount),
  }
}

/**
 * A gauge that is set.
 * @see sampledGauge for one that is read when metrics are collected.
 */
export function gauge<const L extends LabelLists = Record<string, never>>(
  registry: Registry,
  { name, help, labels }: InstrumentOptions<L>,
): GaugeInstrument<L> {
  const instrument = new Gauge({ name, help, labelNames: Object.keys(labels ?? {}), registers: [registry] })
  for (const values of combinations(labels ?? {})) instrument.set(values, 0)
  return {
    set: (value, ...[values]) => instrument.set(values ?? {}, value),
    add: (amount, ...[values]) => instrument.inc(values ?? {}, amount),
  }
}

/** A gauge without labels whose value is asked for at each collection. */
export function sampledGauge(registry: Registry, { name, help }: InstrumentOptions<never>, sample: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(sample())
    },
  })
}

/** A histogram; `buckets` are upper bounds in the unit of its name, ascending. */
export function histogram<const L extends LabelLists = Record<string, never>>(
  registry: Registry,
  { name, help, labels, buckets }: InstrumentOptions<L> & { readonly buckets: readonly number[] },
): HistogramInstrument<L> {
  const labelNames = Object.keys(labels ?? {})
  const instrument = new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [registry] })
  for (const values of combinations(labels ?? {})) instrument.zero(values)
  return { observe: (value, ...[values]) => instrument.observe(values ?? {}, value) }
}

function combinations(labels: LabelLists): Record<string, string>[] {
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (rows, [name, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value }))),
    [{}],
  )
}
