"""The plan as a document, documents as code, and documents from elsewhere as plans.

Out goes a plan as JSON Schema (schema.py), with words of ours (words.py). In come documents of
several forms (reading.py, foreign.py, widening.py). A document becomes Python (generate.py, of
annotations.py, defaults.py and source.py) or TypeScript (typescript.py).
"""
