"""Commands of this floor, one module each: ``register(app)`` adds it, heavy imports happen inside."""
