/** A NetworkGraph while a reader puts it together: every node is checked against what flows into it as it is added. */
import type { GraphNode, NetworkGraph, WeightTensor } from '../graph'
import { inputsOf, shapeOf, weightKeysOf, type ValueShape } from '../shapes'

export class GraphDraft {
  readonly weights = new Map<string, WeightTensor>()
  readonly notes = new Set<string>()
  private readonly nodes = new Map<string, GraphNode>()
  private readonly shapes = new Map<string, ValueShape>()

  /**
   * @returns the node's name.
   * @throws StudioError backbone/corrupt when the node does not fit its inputs or its weights
   */
  push(node: GraphNode): string {
    const inputs = inputsOf(node).map((name) => this.shape(name))
    this.shapes.set(node.name, shapeOf(node, inputs, this.weights))
    this.nodes.set(node.name, node)
    return node.name
  }

  /** @returns the key. */
  keep(key: string, tensor: WeightTensor): string {
    this.weights.set(key, tensor)
    return key
  }

  shape(name: string): ValueShape {
    const shape = this.shapes.get(name)
    if (!shape) throw new Error(`'${name}' was not made yet`)
    return shape
  }

  node(name: string): GraphNode {
    return this.nodes.get(name)!
  }

  has(name: string): boolean {
    return this.nodes.has(name)
  }

  hasInput(): boolean {
    return [...this.nodes.values()].some(({ op }) => op === 'input')
  }

  /** The wish, or with a number after it when a node has that name already. */
  freeName(wish: string): string {
    if (!this.nodes.has(wish)) return wish
    for (let count = 2; ; count++) {
      const name = `${wish}_${count}`
      if (!this.nodes.has(name)) return name
    }
  }

  /** With only those nodes that the output depends on, and only their weights. */
  finish(name: string, output: string): NetworkGraph {
    const needed = new Set([output])
    for (const node of [...this.nodes.values()].reverse()) {
      if (needed.has(node.name)) for (const input of inputsOf(node)) needed.add(input)
    }
    const nodes = [...this.nodes.values()].filter((node) => needed.has(node.name))
    const keys = new Set(nodes.flatMap(weightKeysOf))
    const weights = new Map([...this.weights].filter(([key]) => keys.has(key)))
    return { name, nodes, output, weights }
  }
}
