/** The screens and their addresses. Hash history: the same files are served from a custom scheme and over loopback. */
import { createRouter, createWebHashHistory } from 'vue-router'

declare module 'vue-router' {
  interface RouteMeta {
    /** Heading of the window while the screen is shown. */
    title: string
  }
}

export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/', redirect: '/datasets' },
    {
      path: '/datasets',
      name: 'datasets',
      component: () => import('./views/DatasetsView.vue'),
      meta: { title: 'Datasets' }
    },
    {
      path: '/datasets/:id',
      name: 'dataset',
      component: () => import('./views/DatasetView.vue'),
      props: true,
      meta: { title: 'Dataset' }
    },
    { path: '/runs', name: 'runs', component: () => import('./views/RunsView.vue'), meta: { title: 'Runs' } },
    {
      path: '/runs/new',
      name: 'new-run',
      component: () => import('./views/NewRunView.vue'),
      meta: { title: 'New run' }
    },
    {
      path: '/runs/:id',
      name: 'run',
      component: () => import('./views/RunView.vue'),
      props: true,
      meta: { title: 'Run' }
    },
    {
      path: '/compare',
      name: 'compare',
      component: () => import('./views/CompareView.vue'),
      meta: { title: 'Compare' }
    },
    {
      path: '/explain',
      name: 'explain',
      component: () => import('./views/ExplainView.vue'),
      meta: { title: 'Explain the gap' }
    },
    {
      path: '/advisor',
      name: 'advisor',
      component: () => import('./views/AdvisorView.vue'),
      meta: { title: 'Which backbone?' }
    },
    {
      path: '/lab',
      name: 'lab',
      component: () => import('./views/LabView.vue'),
      meta: { title: 'Hub against Keras' }
    },
    { path: '/models', name: 'models', component: () => import('./views/ModelsView.vue'), meta: { title: 'Models' } },
    {
      path: '/playground',
      name: 'playground',
      component: () => import('./views/PlaygroundView.vue'),
      meta: { title: 'Playground' }
    },
    {
      path: '/devices',
      name: 'devices',
      component: () => import('./views/DevicesView.vue'),
      meta: { title: 'Devices' }
    },
    { path: '/:rest(.*)*', redirect: '/datasets' }
  ]
})

/** The first screen's code comes while the frame is being built, and not after it. */
for (const { components } of router.resolve(window.location.hash.slice(1) || '/').matched) {
  const screen = components?.default
  // What does not arrive is told when the router asks for it.
  if (typeof screen === 'function') void Promise.resolve((screen as () => unknown)()).catch(() => undefined)
}

router.afterEach((to) => {
  document.title = `${to.meta.title} · Whetstone`
})
