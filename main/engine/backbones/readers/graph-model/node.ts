/** A node of TensorFlow's GraphDef, as TF.js writes it in JSON (tensorflow/core/framework/node_def.proto). */
import { StudioError } from '@shared/errors'
import { z } from 'zod'

const int = z.union([z.int(), z.string().regex(/^-?\d{1,15}$/)]).transform(Number)
const shapeSchema = z.object({
  dim: z.array(z.object({ size: int.default(0) })).default([]),
  unknownRank: z.boolean().optional()
})
const attributeSchema = z.object({
  s: z.string().optional(),
  i: int.optional(),
  f: z.union([z.number(), z.string().transform(Number)]).optional(),
  b: z.boolean().optional(),
  shape: shapeSchema.optional(),
  list: z.object({ i: z.array(int).optional(), s: z.array(z.string()).optional() }).optional()
})
export const nodeSchema = z.object({
  name: z.string().min(1),
  op: z.string(),
  input: z.array(z.string()).default([]),
  attr: z.record(z.string(), z.unknown()).default({})
})

export class GraphDefNode {
  readonly name: string
  readonly op: string
  /** Names of nodes, without the output's number; controls are left out. */
  readonly inputs: string[]
  private readonly attributes: Record<string, unknown>

  constructor({ name, op, input, attr }: z.infer<typeof nodeSchema>) {
    this.name = name
    this.op = op
    this.attributes = attr
    this.inputs = input.filter((source) => !source.startsWith('^')).map((source) => this.only(source))
  }

  bool(key: string): boolean {
    return this.attribute(key)?.b ?? false
  }

  float(key: string, otherwise: number): number {
    return this.attribute(key)?.f ?? otherwise
  }

  int(key: string, otherwise: number): number {
    return this.attribute(key)?.i ?? otherwise
  }

  ints(key: string): number[] {
    return this.attribute(key)?.list?.i ?? []
  }

  text(key: string): string {
    return decode(this.attribute(key)?.s ?? '')
  }

  texts(key: string): string[] {
    return (this.attribute(key)?.list?.s ?? []).map(decode)
  }

  /** −1 where open; null when nothing is known. */
  shape(key: string): number[] | null {
    const shape = this.attribute(key)?.shape
    return !shape || shape.unknownRank ? null : shape.dim.map(({ size }) => size)
  }

  /** @param why a clause. */
  unsupported(why: string): StudioError {
    return new StudioError(
      'backbone/unsupported-layer',
      `Node '${this.name}' (${this.op}) cannot be run: ${why}. Import the SavedModel or ONNX file that it came from as it is.`,
      { layer: this.name, kind: this.op }
    )
  }

  private attribute(key: string): z.infer<typeof attributeSchema> | undefined {
    if (!Object.hasOwn(this.attributes, key)) return undefined
    const parsed = attributeSchema.safeParse(this.attributes[key])
    if (parsed.success) return parsed.data
    throw new StudioError('backbone/corrupt', `Node '${this.name}' (${this.op}) has a damaged attribute '${key}'.`)
  }

  private only(source: string): string {
    const [, name, output] = /^(.*?)(?::(\d+))?$/.exec(source) ?? []
    if (name === undefined || (output !== undefined && output !== '0')) {
      throw this.unsupported(`it reads '${source}', a second output`)
    }
    return name
  }
}

/** Texts are bytes, so in JSON they are base64. */
const decode = (text: string): string => Buffer.from(text, 'base64').toString('latin1')
