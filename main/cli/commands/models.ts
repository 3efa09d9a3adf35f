/** `models …`: the backbones, and the ways to more of them. */
import { resolve } from 'node:path'
import { ARCHITECTURE_FACTS } from '@shared/domain/architectures'
import type { Backbone, BackboneOffer } from '@shared/domain/backbone'
import type { Job } from '@shared/domain/job'
import { valueRange } from '@shared/domain/preprocessing'
import { StudioError, toErrorData } from '@shared/errors'
import { formatBytes, formatCount, formatNumber, formatPercent } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { table } from '../table'

export interface ImportOptions {
  name?: string
  architecture?: string
  asIs?: boolean
}

export async function listModels({ studio, output }: CommandContext): Promise<ExitCode> {
  const [models, offers] = await Promise.all([studio.models.list(), studio.models.offers()])
  const rows = models.map(({ id, name, parameters, multiplyAdds, bytes, contract, speed, license }) => [
    id,
    name,
    parameters === null ? null : `${formatNumber(parameters / 1e6)} M`,
    multiplyAdds === null ? null : `${formatCount(Math.round(multiplyAdds / 1e6))} M`,
    formatBytes(bytes),
    `${contract.size}² ${contract.colorOrder}`,
    speed ? `${formatNumber(Number(speed.msPerImage.toPrecision(3)))} ms` : null,
    license
  ])
  const head = ['id', 'name', 'parameters', 'multiply-adds', 'size', 'input', 'an image here', 'licence']
  const more = offers.filter(({ present }) => !present).map(describeOffer)
  output.result({ models, offers }, [table(head, rows, [2, 3, 4, 6]), ...more].join('\n'))
  return EXIT.ok
}

const describeOffer = ({ id, name, bytes }: BackboneOffer): string =>
  `${name} can be fetched (${formatBytes(bytes)}): models fetch ${id.replace('efficientnet-', '')}`

export async function showModel({ studio, output }: CommandContext, reference: string): Promise<ExitCode> {
  const known = await studio.models.resolve(reference)
  const model = known.speed ? known : await measured(studio, known, output)
  output.result({ model }, describeModel(model))
  return EXIT.ok
}

/** What a picture takes here is found out when it is first asked for; where it cannot be, the rest is worth showing. */
async function measured(
  studio: CommandContext['studio'],
  model: Backbone,
  output: CommandContext['output']
): Promise<Backbone> {
  output.note(`Measuring how fast ${model.name} is here.`)
  try {
    await studio.models.measure(model.id, true)
    return await studio.models.get(model.id)
  } catch (error) {
    output.note(toErrorData(error).message)
    return model
  }
}

export async function importModel(context: CommandContext, path: string, options: ImportOptions): Promise<ExitCode> {
  return arrival(context, await context.studio.models.import({ path: resolve(path), ...options }))
}

export async function fetchModel(context: CommandContext, offer: string): Promise<ExitCode> {
  return arrival(context, await context.studio.models.fetch(offer))
}

export async function createModel(
  context: CommandContext,
  architecture: string,
  { name, seed, size }: { name?: string; seed?: number; size?: number }
): Promise<ExitCode> {
  return arrival(context, await context.studio.models.create({ architecture, name, seed, size }))
}

export async function listArchitectures({ output }: CommandContext): Promise<ExitCode> {
  const architectures = Object.entries(ARCHITECTURE_FACTS).map(([id, facts]) => ({ id, ...facts }))
  const rows = architectures.map(({ id, name, size, parameters, multiplyAdds }) => [
    id,
    name,
    `${formatNumber(parameters / 1e6)} M`,
    `${formatCount(Math.round(multiplyAdds / 1e6))} M`,
    `${size}²`
  ])
  const ways = 'models import PATH brings weights for one from a file; models create ID begins with random ones.'
  output.result(
    { architectures },
    `${table(['id', 'name', 'parameters', 'multiply-adds', 'input'], rows, [2, 3])}\n${ways}`
  )
  return EXIT.ok
}

export async function removeModel(
  { studio, output }: CommandContext,
  reference: string,
  force: boolean
): Promise<ExitCode> {
  const { id, name } = await studio.models.resolve(reference)
  await studio.models.remove(id, force)
  output.result({ removed: id }, `${name} (${id}) is removed.`)
  return EXIT.ok
}

/** Waits for a backbone that is on its way. */
async function arrival({ studio, output, onInterrupt }: CommandContext, { id, title }: Job): Promise<ExitCode> {
  onInterrupt(() => studio.jobs.cancel(id))
  const { error, backboneId } = await studio.jobs.settled(id)
  if (error) throw StudioError.fromData(error)
  if (!backboneId) throw new StudioError('job/cancelled', `'${title}' was stopped; nothing was kept.`)
  const model = await studio.models.get(backboneId)
  output.result({ model }, describeModel(model))
  return EXIT.ok
}

function describeModel(model: Backbone): string {
  const { id, name, family, license, source, blocks, speed, parity, provenance, bytes, featureWidth } = model
  const { contract, parameters, multiplyAdds, form, trainable } = model
  const [low, high] = valueRange(contract).map((value) => formatNumber(Number(value.toPrecision(4))))
  const facts: [string, string | null | undefined][] = [
    ['family', family],
    ['form', `${form}${trainable ? '' : ', frozen: it can carry a head, and cannot be fine-tuned'}`],
    ['parameters', parameters === null ? null : formatCount(parameters)],
    ['multiply-adds', multiplyAdds === null ? null : formatCount(multiplyAdds)],
    ['weights', formatBytes(bytes)],
    ['features', String(featureWidth)],
    ['blocks', blocks.length === 0 ? null : `${blocks.length}, ${blocks[0]} to ${blocks.at(-1)}`],
    ['sees', `${contract.size} × ${contract.size} ${contract.colorOrder}, ${contract.crop}, ${contract.filter}`],
    ['values', `${low} to ${high}: (v − ${contract.mean.join(', ')}) / ${contract.std.join(', ')}`],
    ['contract', provenance && contractText(provenance.contract)],
    ['speed here', speed && `${formatNumber(Number(speed.msPerImage.toPrecision(3)))} ms an image, ${speed.executor}`],
    ['at import', provenance?.parity && parityText(provenance.parity)],
    ['parity', parity && parityText(parity)],
    ['from', source],
    ['licence', license]
  ]
  const known = facts.filter((fact): fact is [string, string] => Boolean(fact[1]))
  const lines = known.map(([label, value]) => `${label.padEnd(15)}${value}`)
  return [`${name} (${id})`, ...lines, ...(provenance?.notes ?? [])].join('\n')
}

function contractText({ from, certainty, reason }: NonNullable<Backbone['provenance']>['contract']): string {
  const sure = certainty === null ? '' : `, ${formatPercent(certainty, 0)} sure`
  return `${from}${sure}: ${reason}`
}

const parityText = ({ between, maxDifference, tolerance }: NonNullable<Backbone['parity']>): string =>
  `${between} differ by ${formatNumber(maxDifference)} at most (${formatNumber(tolerance)} allowed)`
