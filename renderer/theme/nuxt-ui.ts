/**
 * How Nuxt UI is built into the renderer (read by the build, never at run time): one accent, amber for a warning, red for
 * loss or failure, greys for the rest; only the icons that the sources name, bundled.
 */
import type { NuxtUIOptions } from '@nuxt/ui/vite'

const floating = 'bg-default ring ring-default shadow-lg'

export const nuxtUiOptions: NuxtUIOptions = {
  router: true,
  // The theme store decides; it knows the setting that the core keeps.
  colorMode: false,
  dts: false,
  autoImport: false,
  theme: { colors: ['primary', 'warning', 'error'], transitions: false },
  experimental: { componentDetection: true },
  icon: { clientBundle: { scan: { globInclude: ['**/*.{vue,ts}'] } } },
  ui: {
    colors: { primary: 'teal', warning: 'amber', error: 'red', neutral: 'neutral' },
    button: {
      slots: { base: 'font-medium cursor-pointer' },
      // Darker under the pointer rather than paler: the label keeps its contrast.
      compoundVariants: [
        {
          color: 'primary',
          variant: 'solid',
          class: 'hover:bg-primary active:bg-primary hover:brightness-92 active:brightness-85'
        }
      ],
      defaultVariants: { size: 'sm' }
    },
    input: { defaultVariants: { size: 'sm' } },
    select: { defaultVariants: { size: 'sm' } },
    modal: {
      slots: { content: floating, title: 'text-lg', header: 'p-4 sm:px-4', body: 'p-4 sm:p-4', footer: 'p-4 sm:px-4' }
    },
    slideover: { slots: { title: 'text-lg', header: 'p-4 sm:px-4', body: 'p-4 sm:p-4' } },
    toast: { slots: { title: 'text-sm', description: 'text-sm' } },
    tooltip: { slots: { content: 'h-auto py-1 px-2 text-xs max-w-80', text: 'whitespace-normal' } }
  }
}
