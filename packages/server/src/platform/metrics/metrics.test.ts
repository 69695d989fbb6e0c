import { expect, test } from 'vitest'
import { ManualClock } from '../clock/manual-clock.ts'
import { watchEventLoopDelay } from './event-loop-delay.ts'
import { counter, gauge, histogram, sampledGauge } from './instruments.ts'
import { createMetricsRegistry, watchProcess } from './registry.ts'

const newRegistry = () => createMetricsRegistry({ serverName: 'example.org', version: '1.2.3' })

test('createMetricsRegistry: two registries in one process do not disturb each other', async () => {
  const [first, second] = [newRegistry(), newRegistry()]
  counter(first, { name: 'magik_test_total', help: 'Test.' }).increment()
  counter(second, { name: 'magik_test_total', help: 'Test.' })
  expect(await first.metrics()).toContain('magik_test_total{server_name="example.org"} 1')
  expect(await second.metrics()).toContain('magik_test_total{server_name="example.org"} 0')
})

test('createMetricsRegistry, watchProcess: names of the server and process are there', async () => {
  const registry = newRegistry()
  watchProcess(registry)
  const text = await registry.metrics()
  expect(text).toContain('synapse_server_name_info{server_name="example.org"} 1')
  expect(text).toMatch(/synapse_build_info\{version="1\.2\.3",/)
  expect(text).toContain('process_cpu_seconds_total')
  expect(text).toContain('process_resident_memory_bytes')
})

test('instruments: every series of the closed label lists exists before its first event', async () => {
  const registry = newRegistry()
  const pdus = counter(registry, {
    name: 'magik_pdus_total',
    help: 'PDUs.',
    labels: { outcome: ['accepted', 'rejected'] },
  })
  pdus.add(3, { outcome: 'accepted' })
  const text = await registry.metrics()
  expect(text).toContain('magik_pdus_total{outcome="accepted",server_name="example.org"} 3')
  expect(text).toContain('magik_pdus_total{outcome="rejected",server_name="example.org"} 0')
})

test('instruments: gauges and histograms', async () => {
  const registry = newRegistry()
  const queue = gauge(registry, { name: 'magik_queue_entries', help: 'Queue.' })
  queue.set(5)
  queue.add(-2)
  sampledGauge(registry, { name: 'magik_sampled_bytes', help: 'Sampled.' }, () => 42)
  histogram(registry, { name: 'magik_batch_seconds', help: 'Batches.', buckets: [0.1, 1] }).observe(0.5)
  const text = await registry.metrics()
  expect(text).toContain('magik_queue_entries{server_name="example.org"} 3')
  expect(text).toContain('magik_sampled_bytes{server_name="example.org"} 42')
  expect(text).toMatch(/magik_batch_seconds_bucket\{le="0\.1",server_name="example\.org"\} 0\n/)
  expect(text).toMatch(/magik_batch_seconds_bucket\{le="1",server_name="example\.org"\} 1\n/)
})

test('watchEventLoopDelay: samples until it is ended', async () => {
  const registry = newRegistry()
  const clock = new ManualClock()
  const end = watchEventLoopDelay(registry, clock)
  await clock.advance(500)
  end()
  await clock.advance(500)
  expect(await registry.metrics()).toContain('python_twisted_reactor_tick_time_count{server_name="example.org"} 10')
})
