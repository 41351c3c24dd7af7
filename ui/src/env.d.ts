/// <reference types="vite/client" />

// For tools that do not read .vue files (typed linting); vue-tsc sees the components themselves.
declare module '*.vue' {
  import type { Component } from 'vue';

  const component: Component;
  export default component;
}
