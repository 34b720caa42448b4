"""The bundled Vellum Workflows: a chatbot, a simulated user, and twins of both that use a model."""
